// serves: ^https://snap\.licdn\.com/li\.lms-analytics/insight\.min\.js
// Plays LinkedIn's Insight Tag: a page view for every partner id, and a hit for every queued conversion, as images.
(function () {
  if (window._wait_for_lintrk || !window.lintrk || !Array.isArray(window.lintrk.q)) return;
  var ids = (window._linkedin_data_partner_ids || []).slice(), event = window._linkedin_event_id;
  if (window._linkedin_partner_id && ids.indexOf(window._linkedin_partner_id) < 0) ids.push(window._linkedin_partner_id);
  function hit(id, more) {
    new Image().src = "https://px.ads.linkedin.com/collect/?v=2&fmt=js&pid=" + id + "&time=" + Date.now() +
      "&url=" + encodeURIComponent(location.href) + more;
  }
  function named(id) { return id ? "&eventId=" + encodeURIComponent(id) : ""; }
  ids.forEach(function (id) { hit(id, named(event)); });
  window.lintrk.q.splice(0).forEach(function (call) {
    if (call[0] !== "track") return;
    hit(ids.join(","), "&conversionId=" + call[1].conversion_id + named(call[1].event_id));
  });
})();
