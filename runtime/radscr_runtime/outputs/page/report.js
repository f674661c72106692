"use strict";
// A sentence lights its region and a region its sentences: both carry the same data-place.
const linked = (place) => document.querySelectorAll(`[data-place="${place}"]`);
const light = (element, on) => {
  for (const other of linked(element.dataset.place)) other.classList.toggle("lit", on);
};
for (const element of document.querySelectorAll("[data-place]")) {
  element.addEventListener("mouseenter", () => light(element, true));
  element.addEventListener("mouseleave", () => light(element, false));
  element.addEventListener("focusin", () => light(element, true));
  element.addEventListener("focusout", () => light(element, false));
}
for (const region of document.querySelectorAll(".region")) {
  const open = () => {
    // The impression repeats a sentence of the findings; the last one is theirs.
    const cards = document.querySelectorAll(`li[data-place="${region.dataset.place}"] details`);
    const card = cards[cards.length - 1];
    if (card) { card.open = true; card.scrollIntoView({ block: "nearest" }); }
  };
  region.addEventListener("click", open);
  region.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(); }
  });
}
