// serves: ^https://s\.adroll\.com/j/[A-Z0-9]+/roundtrip\.js
// Plays AdRoll's pixel: asks after consent by a script, then sends each queued pageView as an image for the pixel in the globals.
(function () {
  var queue = window.adroll, advertisable = window.adroll_adv_id, pixel = window.adroll_pix_id;
  if (!Array.isArray(queue) || !advertisable || !pixel || window.adroll_version !== "2.0") return;
  if (document.currentScript.src.indexOf("/j/" + advertisable + "/") < 0) return;
  var views = queue.splice(0).filter(function (call) { return call[0] === "track" && call[1] && call[1][0] === "pageView"; });
  var check = document.createElement("script");
  check.onload = function () {
    views.forEach(function () {
      new Image().src = "https://d.adroll.com/pixel/" + advertisable + "/" + pixel + "?adroll_fpc=1&arrfrr=" + encodeURIComponent(location.href);
    });
  };
  check.src = "https://d.adroll.com/consent/check/" + advertisable;
  document.head.appendChild(check);
})();
