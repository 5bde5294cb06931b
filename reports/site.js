"use strict";
(function () {
  var form = document.getElementById("filters");
  var entries = Array.prototype.slice.call(document.querySelectorAll("section[data-outcome], ul.ids > li"));
  var groups = Array.prototype.slice.call(document.querySelectorAll("details.group"));
  var parts = Array.prototype.slice.call(document.querySelectorAll(".part"));
  var said = document.getElementById("shown");
  var fields = Array.prototype.slice.call(form.querySelectorAll("select"));
  var texts = null;
  form.hidden = false;
  function told(entry, name) {
    return (entry.tagName === "LI" ? entry.parentNode : entry).dataset[name];
  }
  function apply() {
    var words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    var wanted = fields.map(function (field) { return [field.name, field.value]; });
    if (words.length && !texts) {
      texts = new Map(entries.map(function (entry) {
        return [entry, entry.dataset.search || entry.textContent.toLowerCase()];
      }));
    }
    var narrowed = words.length > 0 || wanted.some(function (pair) { return pair[1]; });
    var shown = 0;
    entries.forEach(function (entry) {
      var fits = wanted.every(function (pair) {
        return !pair[1] || (" " + told(entry, pair[0]) + " ").indexOf(" " + pair[1] + " ") >= 0;
      }) && words.every(function (word) { return texts.get(entry).indexOf(word) >= 0; });
      entry.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    groups.forEach(function (group) {
      var any = group.querySelector("section[data-outcome]:not([hidden]), ul.ids > li:not([hidden])");
      group.hidden = !any;
      group.open = narrowed && Boolean(any);
    });
    parts.forEach(function (part) {
      part.hidden = !part.querySelector("section[data-outcome]:not([hidden]), ul.ids > li:not([hidden])");
    });
    said.textContent = shown + " of " + entries.length + " requirements shown";
  }
  function reveal() {
    var place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!place) { return; }
    if (place.closest("[hidden]")) { form.reset(); apply(); }
    for (var up = place; up; up = up.parentElement) {
      if (up.tagName === "DETAILS") { up.open = true; }
    }
    place.scrollIntoView();
  }
  form.addEventListener("input", apply);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  window.addEventListener("hashchange", reveal);
  apply();
  reveal();
})();
