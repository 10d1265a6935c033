// What htmx leaves to a page: answers without the part that was asked for, the focus, and words for those who listen.
"use strict";

sessionStorage.clear(); // htmx notes the address of a page there, and nothing of a page stays in a browser

const words = (element) =>
  [...element.childNodes].filter((node) => node.ariaHidden !== "true").map((node) => node.textContent).join("")
    .replace(/\s+/g, " ").trim();

function say(sentence, seen) {
  const status = document.getElementById("status");
  status.className = seen ? "notice care" : "hidden";
  status.textContent = sentence;
}

function unreached() {
  say(document.getElementById("status").dataset.unreached, true);
}

/** Return the ids of an element and of all around it, the innermost first. */
function idsAround(element) {
  const found = [];
  for (let each = element; each; each = each.parentElement) if (each.id) found.push(each.id);
  return found;
}

/** Focus the innermost of these that is still there, unfolding what it is in. */
function focusFirst(ids) {
  const place = ids.map((id) => document.getElementById(id)).find(Boolean);
  for (let each = place.closest("details"); each; each = each.parentElement.closest("details")) each.open = true;
  if (place.tabIndex < 0) place.tabIndex = -1; // what is no control can be focused only with the attribute
  place.focus({ preventScroll: place.id !== "main" });
}

/** Return what a step has done, in the words of its button. */
function done(button) {
  const group = button.closest("fieldset")?.querySelector("legend");
  return (group ? `${words(group)}: ` : "") + `${words(button)}: done.`;
}

/** Give the list that is shown its address, so that it can be kept and sent; the way back loads the earlier one. */
function keepAddress(at) {
  history.replaceState({ list: true }, "");
  history.pushState({ list: true }, "", at);
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const answer = new DOMParser().parseFromString(detail.serverResponse, "text/html");
  const at = new URL(detail.xhr.responseURL);
  const refused = detail.xhr.status >= 400;
  const asked = detail.requestConfig.verb === "get";
  if (!refused && at.pathname !== location.pathname) {
    detail.shouldSwap = false;
    location.assign(at); // to the login page, where the login has ended
    return;
  }
  if (!answer.getElementById("main")) {
    detail.shouldSwap = false;
    unreached(); // a proxy answered, and not the pages
    return;
  }
  if (refused && asked) {
    detail.shouldSwap = false;
    say(words(answer.querySelector("#main p")), true); // the form and its choices stay as they are
    return;
  }
  if (!answer.getElementById(detail.target.id)) {
    detail.target = document.getElementById("main");
    detail.selectOverride = "#main > *";
  }
  const focused = document.activeElement;
  const around = idsAround(focused);
  const said = refused ? words(answer.querySelector("h1"))
    : asked ? words(answer.querySelector("#filtered") ?? answer.querySelector("h1"))
    : done(detail.requestConfig.triggeringEvent.submitter);
  queueMicrotask(() => { // htmx swaps at once, so this runs after it
    if (asked) keepAddress(at);
    if (!focused.isConnected) focusFirst(around);
    say(said, false);
  });
});
document.addEventListener("htmx:sendError", unreached);
addEventListener("popstate", ({ state }) => {
  if (state?.list) location.reload();
});
