// serves: ^https://s\.pinimg\.com/ct/core\.js
// Plays Pinterest's tag: loads its library, then drains pintrk's queue and fetches one address for every event of every tag.
(function () {
  var pintrk = window.pintrk, tags = [], more = "";
  if (!pintrk || !Array.isArray(pintrk.queue) || pintrk.version !== "3.0") return;
  function hit(name, values) {
    tags.forEach(function (tag) {
      fetch("https://ct.pinterest.com/v3/?tid=" + tag + "&event=" + name + "&ed=" + encodeURIComponent(JSON.stringify(values || {})) +
        more + "&cb=" + Date.now(), { mode: "no-cors", credentials: "include" });
    });
  }
  function take(call) {
    if (!Array.isArray(call)) return;
    if (call[0] === "set" && call[1].opt_out_type) more += "&opt_out_type=" + call[1].opt_out_type;
    if (call[0] === "setconsent") more += "&consent=" + call[1];
    if (call[0] === "load") tags.push(call[1]);
    if (call[0] === "page") hit("page");
    if (call[0] === "track") hit(call[1], call[2]);
  }
  var library = document.createElement("script");
  library.onload = function () {
    pintrk.queue.splice(0).forEach(take);
    pintrk.queue.push = take;
  };
  library.src = "https://s.pinimg.com/ct/lib/main.0123abcd.js";
  document.head.appendChild(library);
})();
