// serves: ^https://static\.ads-twitter\.com/uwt\.js
// Plays X's pixel: drains twq's queue and posts a page view for every config, as a form, the id in the body only.
(function () {
  var twq = window.twq;
  if (!twq || !Array.isArray(twq.queue) || !twq.version) return;
  function hit(id, events, values) {
    var form = new URLSearchParams({ p_id: "Twitter", txn_id: id, events: JSON.stringify(events), tw_document_href: location.href });
    if (values && values.restricted_data_use) form.set("restricted_data_use", values.restricted_data_use);
    if (values && values.conversion_id) form.set("event_id", values.conversion_id);
    fetch("https://analytics.x.com/1/i/adsctp", { method: "POST", mode: "no-cors", credentials: "include", body: form });
  }
  twq.exe = function (command, id, values) {
    if (command === "config") hit(id, [["pageview", {}]], values);
    if (command === "event") hit(id, [["event", {}]], values);
  };
  twq.queue.splice(0).forEach(function (call) { twq.exe.apply(twq, call); });
})();
