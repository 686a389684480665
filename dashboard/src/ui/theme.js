// Light, dark, or as the system has it; kept on this tablet.
import {signal} from "@preact/signals";

export const THEMES = ["auto", "light", "dark"];
const KEPT = "pediluve-theme";
export const theme = signal(THEMES.includes(localStorage.getItem(KEPT)) ? localStorage.getItem(KEPT) : "auto");

export function setTheme(which) {
  theme.value = which;
  localStorage.setItem(KEPT, which);
  show();
}

function show() {
  if (theme.value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
}
show();
