// Keeps the app's own files, so that the page opens while the gateway cannot be reached and can show the saved copy.
// It never keeps an answer: what the broker said is kept by the page itself, and wiped at sign-out.
const VERSION = __VERSION__;
const FILES = __FILES__;
const CACHE = `muster-shell-${VERSION}`;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((n) => n.startsWith('muster-shell-') && n !== CACHE).map((n) => caches.delete(n))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const request = event.request;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    // Only the app's own page; the sign-in pages of the gateway always come from the gateway.
    if (url.pathname !== '/') return;
    event.respondWith(fetch(request).catch(() => caches.match('/').then((page) => page ?? Response.error())));
    return;
  }
  if (FILES.includes(url.pathname)) {
    event.respondWith(caches.match(url.pathname).then((kept) => kept ?? fetch(request)));
  }
});
