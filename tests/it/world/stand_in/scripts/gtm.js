// serves: ^https://www\.googletagmanager\.com/gtm\.js\?id=GTM-
// Plays a container of Google Tag Manager: its load is the hit; an image tells that it was started properly.
(function () {
  var id = new URL(document.currentScript.src).searchParams.get("id"), layer = window.dataLayer || [], click;
  var start = layer.filter(function (call) { return call.event === "gtm.js" && call["gtm.start"] > 0; });
  layer.forEach(function (call) { click = call.stopover_click_id || click; });
  if (start.length !== 1) return;
  window.google_tag_manager = window.google_tag_manager || {};
  window.google_tag_manager[id] = {};
  new Image().src = "https://www.googletagmanager.com/a?id=" + id + "&click=" + encodeURIComponent(click);
})();
