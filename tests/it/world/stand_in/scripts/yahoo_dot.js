// serves: ^https://s\.yimg\.com/wi/ytc\.js
// Plays Yahoo's tag: sends nothing by itself; fireBeacon takes an array of projects, asks for each pixel's settings and sends an image.
(function () {
  function one(entry) {
    var pixel = entry.properties && entry.properties.pixelId, request = new XMLHttpRequest();
    if (!entry.projectId || !pixel) return;
    request.open("GET", "https://s.yimg.com/wi/config/" + pixel + ".json");
    request.onload = function () {
      new Image().src = "https://sp.analytics.yahoo.com/sp.pl?a=" + entry.projectId + "&d=" + Date.now() + "&.yp=" + pixel +
        "&f=" + encodeURIComponent(location.href);
    };
    request.send();
  }
  window.YAHOO = { ywa: { I13N: { fireBeacon: function (queue) { if (Array.isArray(queue)) queue.forEach(one); } } } };
})();
