// serves: ^https://c\.amazon-adsystem\.com/aat/amzn\.js
// Plays Amazon's tag: reads [arguments, time] pairs and sends each event of each tag as an image to the region's host.
(function () {
  var hosts = { NA: "s.amazon-adsystem.com", EU: "aax-eu.amazon-adsystem.com/s", FE: "aax-fe.amazon-adsystem.com/s" };
  var queue = window.amzn && window.amzn.q, host, tags = [], consent = "";
  if (!Array.isArray(queue)) return;
  queue.splice(0).forEach(function (entry) {
    var call = entry[0];
    if (!call || typeof entry[1] !== "number") return;
    if (call[0] === "setRegion") host = hosts[call[1]];
    if (call[0] === "addTag") tags.push(call[1]);
    if (call[0] === "addtcfv2") consent = "&gdpr=" + call[1].gdpr + "&gdpr_consent=" + encodeURIComponent(call[1].gdpr_consent);
    if (call[0] === "trackEvent" && host) tags.forEach(function (tag) {
      new Image().src = "https://" + host + "/iu3?pid=" + tag + "&event=" + call[1] + "&ts=" + Date.now() +
        "&clientDedupeId=" + encodeURIComponent(call[2] && call[2].clientDedupeId || "") + consent;
    });
  });
})();
