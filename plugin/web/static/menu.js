// Closes the menus on top of a page, which open and close by themselves, when somebody goes elsewhere or presses Escape.
"use strict";

const menus = () => document.querySelectorAll("details.menu[open]");

for (const left of ["click", "focusin"]) {
  document.addEventListener(left, ({ target }) => {
    for (const menu of menus()) if (!menu.contains(target)) menu.open = false;
  });
}
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
