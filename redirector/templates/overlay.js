// Shown in place of leaving when a visit is a preview: what became of each pixel, and the way on.
function (states, destination) {
  var names = NAMES, box = document.createElement("section"), list = document.createElement("ul"),
    head = document.createElement("h2"), on = document.createElement("a");
  box.style.cssText = "position:fixed;inset:auto 0 0 0;padding:1rem;background:#111;color:#fff;font:1rem/1.5 system-ui;max-height:60vh;overflow:auto";
  box.setAttribute("aria-label", "Preview");
  box.lang = "en";
  box.dir = "ltr";
  head.textContent = "Preview: this visit is not recorded";
  head.style.cssText = "font-size:1.1rem;margin:0 0 .5rem";
  names.forEach(function (name, i) {
    var line = document.createElement("li");
    line.textContent = name + ": " + states[i][0] + ", " + states[i][1] + " ms";
    list.appendChild(line);
  });
  on.href = destination;
  on.textContent = "Go on to the destination";
  on.style.color = "#9cf";
  [head, list, on].forEach(function (part) { box.appendChild(part); });
  document.body.appendChild(box);
}
