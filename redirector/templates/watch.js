// Starts the tags and sees their hits leave: wraps, before any of them runs, whatever a tag can send by. A hit counts as
// fired when it starts on a transport that survives the page, or when it has ended on another one.
function (c, states, hold, note, lost, now, fire) {
  var hits = [];
  function text(body) {
    if (typeof body == "string") return body;
    if (body instanceof FormData) return "" + new URLSearchParams(body);
    if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return new TextDecoder().decode(body);
    return body instanceof URLSearchParams ? "" + body : "";
  }
  function all(words, where) { return words.every(function (word) { return where.indexOf(word) >= 0; }); }
  // Calls back for each pixel whose hit this request is.
  function seen(url, body, found) {
    try {
      if (body && body.text) return body.text().then(function (read) { seen(url, read, found); }, function () {});
      url = new URL(url, location.href).href;
      body = body ? text(body) : "";
      var whole = body ? url + (url.indexOf("?") < 0 ? "?" : "&") + body : url;
      hits.forEach(function (h) {
        if ((h.at.test(url) || h.at.test(whole)) && all(h.also, whole) && all(h.body, body)) found(h.i);
      });
    } catch (e) {}
  }
  function wrap(on, name, make) {
    var was = on[name];
    if (!was) return;
    on[name] = make(was);
    on[name].toString = function () { return "" + was; };
  }
  function watch(target, url, body, end) {
    var at = now();
    seen(url, body, function (i) {
      target.addEventListener("load", function () { note(i, "fired"); });
      target.addEventListener("error", function () { note(i, lost(at, end)); });
    });
  }
  function element(proto) {
    var src = Object.getOwnPropertyDescriptor(proto, "src");
    Object.defineProperty(proto, "src", {
      configurable: true, enumerable: true, get: src.get,
      set: function (url) { watch(this, url, "", "fired"); src.set.call(this, url); }
    });
    wrap(proto, "setAttribute", function (was) {
      return function (name, value) {
        if (/^src$/i.test(name)) watch(this, value, "", "fired");
        return was.apply(this, arguments);
      };
    });
  }
  c.p.forEach(function (p, i) {
    if (!p.hit) return;
    hits.push({ i: i, at: RegExp(p.hit), also: p.also, body: p.body });
    hold(i);
  });
  element(HTMLImageElement.prototype);
  element(HTMLScriptElement.prototype);
  element(HTMLIFrameElement.prototype);
  wrap(window, "fetch", function (was) {
    return function (input, init) {
      var at = now(), request = input instanceof Request && input, answer,
        body = init && init.body || (request && !/^(GET|HEAD)$/.test(request.method) && !request.bodyUsed && request.clone());
      answer = was.apply(this, arguments);
      seen(request ? request.url : input, body, function (i) {
        if (init && "keepalive" in init ? init.keepalive : request.keepalive) note(i, "fired");
        answer.then(function () { note(i, "fired"); }, function () { note(i, lost(at, "failed")); });
      });
      return answer;
    };
  });
  var opened = new WeakMap();
  wrap(XMLHttpRequest.prototype, "open", function (was) {
    return function (method, url) { opened.set(this, url); return was.apply(this, arguments); };
  });
  wrap(XMLHttpRequest.prototype, "send", function (was) {
    return function (body) { watch(this, opened.get(this), body, "failed"); return was.apply(this, arguments); };
  });
  wrap(Navigator.prototype, "sendBeacon", function (was) {
    return function (url, body) {
      var taken = was.apply(this, arguments);
      if (taken) seen(url, body, function (i) { note(i, "fired"); });
      return taken;
    };
  });
  // One load serves a family, or else all who ask for the same address.
  var loads = {};
  function loader(family) {
    return function (url, of) {
      var key = family || url, at = now(), one = loads[key], node;
      function fail() { of.forEach(function (i) { if (states[i][0] == "timed_out") note(i, one.lost); }); }
      if (one) return one.lost ? fail() : one.push(fail);
      one = loads[key] = [fail];
      node = document.createElement("script");
      node.async = true;
      node.onerror = function () {
        one.lost = lost(at, "failed");
        one.forEach(function (f) { f(); });
      };
      node.src = url;
      document.head.appendChild(node);
    };
  }
  c.s.forEach(function (tag) {
    try { tag[1](loader(tag[2]), tag[0], c.c, fire); } catch (e) { tag[0].forEach(function (i) { note(i, "failed"); }); }
  });
}
