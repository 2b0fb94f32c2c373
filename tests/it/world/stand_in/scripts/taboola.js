// serves: ^https://cdn\.taboola\.com/libtrc/unip/[0-9]+/tfa\.js
// Plays Taboola's pixel: sends each page_view by XMLHttpRequest to the account that it names, which must be a number.
(function () {
  var queue = window._tfa;
  if (!Array.isArray(queue)) return;
  queue.splice(0).forEach(function (one) {
    if (one.notify !== "event" || one.name !== "page_view" || typeof one.id !== "number" || isNaN(one.id)) return;
    var request = new XMLHttpRequest();
    request.open("GET", "https://trc.taboola.com/" + one.id + "/log/3/unip?en=page_view&item-url=" + encodeURIComponent(location.href));
    request.withCredentials = true;
    request.send();
  });
})();
