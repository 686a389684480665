// The way back to the list that a page belongs to.
import {t} from "../texts/index.js";
import {Icon} from "./icon.jsx";

export const Back = ({to}) => <a class="button plain" href={to} aria-label={t("back")}><Icon name="back" /></a>;
