// serves: ^https://www\.clarity\.ms/tag/[a-z0-9]+
// Plays Clarity's tag: loads the recorder by a script, then sends what it has for the project in its address by sendBeacon.
(function () {
  var queue = window.clarity && window.clarity.q;
  if (!Array.isArray(queue)) return;
  var project = document.currentScript.src.split("/tag/")[1].split("?")[0], consent = {};
  queue.forEach(function (call) { if (call[0] === "consentv2") consent = call[1]; });
  var recorder = document.createElement("script");
  recorder.onload = function () {
    navigator.sendBeacon("https://k.clarity.ms/collect", JSON.stringify({ project: project, consent: consent, url: location.href }));
  };
  recorder.src = "https://scripts.clarity.ms/0.8.1/clarity.js";
  document.head.appendChild(recorder);
})();
