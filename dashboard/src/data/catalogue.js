// What the catalogue says, read once a visit: a promise of id -> entry.
import {get} from "./api.js";

const kept = new Map();

export function catalogue(kind) {
  if (!kept.has(kind)) {
    kept.set(kind, get(`/catalogue/${kind}`).then(({items}) => new Map(items.map((each) => [each.id, each.content])), (problem) => {
      kept.delete(kind);
      throw problem;
    }));
  }
  return kept.get(kind);
}
