// One of several, as chips side by side or as a select; yes or no; and what filters are made of. `is` is a signal that holds the choice; without
// it there are `value` and onPick(value).
import {sites} from "../data/live.js";
import {t} from "../texts/index.js";
import {Icon} from "./icon.jsx";

const put = (is) => is && ((value) => { is.value = value; });

/** say(value) tells a choice in words. */
export const Chips = ({label, of, say, is, value = is?.value, onPick = put(is)}) => (
  <div class="chips" role="group" aria-label={label}>
    {of.map((each) => <button type="button" key={each} class="chip" aria-pressed={value === each} onClick={() => onPick(each)}>{say(each)}</button>)}
  </div>
);

/** of: values that say(value) tells, or what has an id and a name; none: the words for none of them, whose value is "". */
export const Select = ({of, say = (each) => each.name, none, is, value = is?.value, onPick = put(is), ...input}) => (
  <select {...input} value={value} onChange={onPick && ((e) => onPick(e.currentTarget.value))}>
    {none && <option value="">{none}</option>}
    {of.map((each) => <option key={each.id ?? each} value={each.id ?? each}>{say(each)}</option>)}
  </select>
);

/** Where there is more than one. */
export const SiteSelect = ({label = t("floor.site"), ...choice}) => sites.value.length > 1 && <Select aria-label={label} none={t("floor.all_sites")} of={sites.value} {...choice} />;

export const Search = ({label, is, ...input}) => (
  <label class="search"><Icon name="search" /><input type="search" aria-label={label} placeholder={label} value={is.value} onInput={(e) => { is.value = e.currentTarget.value; }} {...input} /></label>
);

export const Check = ({class: name = "check", onCheck, children, ...input}) => (
  <label class={name}><input type="checkbox" {...input} onChange={onCheck && ((e) => onCheck(e.currentTarget.checked))} /> {children}</label>
);
