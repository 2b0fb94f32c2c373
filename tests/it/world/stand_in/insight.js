// Plays LinkedIn's Insight Tag: a page view for every partner id, as an image.
(function () {
  if (window._wait_for_lintrk) return;
  var ids = (window._linkedin_data_partner_ids || []).slice();
  if (window._linkedin_partner_id && ids.indexOf(window._linkedin_partner_id) < 0) ids.push(window._linkedin_partner_id);
  ids.forEach(function (id) {
    new Image().src = "https://px.ads.linkedin.com/collect/?v=2&fmt=js&pid=" + id + "&time=" + Date.now() +
      "&url=" + encodeURIComponent(location.href);
  });
})();
