// A list of the server as a table, a page at a time; on a phone every row is a small card.
import {useSignal} from "@preact/signals";
import {get} from "../data/api.js";
import {t} from "../texts/index.js";
import {useAct} from "./task.jsx";
import {Unread, useRead} from "./read.jsx";

const PAGE = 20;

/** columns: [{name, show(row), wide}]. */
export const Table = ({label, columns, rows, rowClass}) => (
  <table class="rows">
    <caption class="hidden">{label}</caption>
    <thead><tr>{columns.map((each) => <th key={each.name} scope="col">{each.name}</th>)}</tr></thead>
    <tbody>
      {rows.map((row) => (
        <tr key={row.id} class={rowClass?.(row)}>{columns.map((each) => <td key={each.name} data-name={each.name}>{each.show(row)}</td>)}</tr>
      ))}
    </tbody>
  </table>
);

/** A list of the server a page at a time: {first (as of useRead), rows, more (undefined: that is all)}. when(type, data): the events
 *  after which it is read again, from its beginning. */
export function usePages(path, params, when) {
  const older = useSignal({items: [], cursor: undefined}), {busy, run} = useAct();
  const first = useRead(async (signal) => {
    const page = await get(path, {limit: PAGE, ...params}, {signal});
    older.value = {items: [], cursor: page.next_cursor};
    return page.items;
  }, [path, JSON.stringify(params)], when);
  const more = () => run(async () => {
    const page = await get(path, {limit: PAGE, ...params, cursor: older.value.cursor});
    older.value = {items: [...older.value.items, ...page.items], cursor: page.next_cursor};
  });
  return {first, rows: [...(first.value ?? []), ...older.value.items], more: first.value && older.value.cursor ? more : undefined, busy: busy.value};
}

export const More = ({of}) => of.more && <p class="more"><button disabled={of.busy} onClick={of.more}>{t("read.more")}</button></p>;

export function Rows({label, path, params, columns, none, when}) {
  const pages = usePages(path, params, when), {first, rows} = pages;
  return (
    <>
      <Unread of={first} />
      {first.value && (rows.length ? <Table label={label} columns={columns} rows={rows} /> : <p class="soft">{none}</p>)}
      <More of={pages} />
    </>
  );
}
