// Every page but the floor and the sign-in, in the order of the menu.
import {addPages} from "../routes.js";

addPages(
);
