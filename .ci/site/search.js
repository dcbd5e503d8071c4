// SPDX-License-Identifier: MIT
// Searches window.searchIndex: every word must occur in the section or its title.
(function () {
  "use strict";
  var input = document.getElementById("search");
  var results = document.getElementById("results");
  var menu = document.getElementById("menu");
  var navigation = document.getElementById("navigation");
  var MOST = 20;

  function score(entry, words) {
    var title = entry.title.toLowerCase(), text = entry.text.toLowerCase();
    var page = entry.page.toLowerCase(), total = 0;
    for (var i = 0; i < words.length; i++) {
      var word = words[i];
      if (title === word) { total += 40; }
      if (title.indexOf(word) >= 0) { total += 20; }
      else if (text.indexOf(word) >= 0) { total += 3; }
      else if (page.indexOf(word) >= 0) { total += 1; }
      else { return 0; }
    }
    return total;
  }

  function element(name, text) {
    var made = document.createElement(name);
    if (text) { made.textContent = text; }
    return made;
  }

  function excerpt(text, word) {
    var at = Math.max(0, text.toLowerCase().indexOf(word) - 40);
    return (at > 0 ? "… " : "") + text.slice(at, at + 140);
  }

  function show() {
    var words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    results.textContent = "";
    results.hidden = words.length === 0;
    var found = window.searchIndex.map(function (entry) {
      return { entry: entry, score: words.length ? score(entry, words) : 0 };
    }).filter(function (item) { return item.score > 0; });
    found.sort(function (a, b) { return b.score - a.score; });
    found.slice(0, MOST).forEach(function (item) {
      var link = element("a");
      link.href = item.entry.url;
      link.appendChild(element("b", item.entry.title));
      link.appendChild(element("small", "  " + item.entry.page));
      link.appendChild(element("p", excerpt(item.entry.text, words[0])));
      var line = element("li");
      line.appendChild(link);
      results.appendChild(line);
    });
    if (words.length && !found.length) {
      results.appendChild(element("li", "Nothing found."));
    }
  }

  input.addEventListener("input", show);
  input.addEventListener("keydown", function (event) {
    var first = results.querySelector("a");
    if (event.key === "Enter" && first) { first.click(); }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { input.value = ""; show(); }
    if (event.key === "/" && event.target === document.body) {
      event.preventDefault();
      input.focus();
    }
  });
  results.addEventListener("click", function () { results.hidden = true; });
  menu.addEventListener("click", function () {
    menu.setAttribute("aria-expanded", navigation.classList.toggle("open"));
  });
}());
