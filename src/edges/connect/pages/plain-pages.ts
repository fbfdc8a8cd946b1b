import { html, type Markup } from '../html.ts';
import type { Page } from '../layout.ts';

/** The same page for a link that is unknown, used, run out, changed or opened in another browser. */
export const gonePage: Page = {
  status: 404,
  title: 'This link cannot be used · Toolcrib',
  content: html`<h1>This link cannot be used</h1>
    <p>A link works once, for thirty minutes, and only in the browser that opened it first.</p>
    <p class="soft">Ask for a new one where you got it.</p>`,
};

/** Sets the cookie and comes back: a link belongs to a browser only once that has shown it keeps one. */
export const openingPage = (address: string): Page => ({
  status: 200,
  title: 'Opening · Toolcrib',
  onTo: address,
  content: html`<h1>Opening</h1>
    <p>One moment. If nothing happens, <a href="${address}">go on here</a>.</p>`,
});

export const cookiesPage = (address: string): Page => ({
  status: 400,
  title: 'Cookies are needed · Toolcrib',
  content: html`<h1>Cookies are needed</h1>
    <p>
      This link will belong to your browser alone, and a cookie is how we know it again. Allow cookies for
      this site, then <a href="${address}">try again</a>.
    </p>
    <p class="soft">Nothing has been used up.</p>`,
});

/** For whatever looks at a link without opening it. Says nothing of the link. */
export const lookingPage: Page = {
  status: 200,
  title: 'Connect an account · Toolcrib',
  content: html`<h1>Connect an account</h1>
    <p>Open this link in a browser to go on.</p>`,
};

/** The way to the service: not by a redirect, which Chromium would hold to what forms may reach. */
export function leavingPage(service: string, address: URL): Page {
  return {
    status: 200,
    title: `On to ${service} · Toolcrib`,
    onTo: address.href,
    content: html`<h1>On to ${service}</h1>
      <p>You are being taken to <strong>${address.host}</strong>. You will come back here afterwards.</p>
      <p><a class="button" href="${address.href}">Go on to ${address.host}</a></p>`,
  };
}

/** What went wrong, where there is no form to say it at. */
export function faultPage(
  status: number,
  heading: string,
  text: string,
  more: { headers?: Record<string, string>; backTo?: string } = {},
): Page {
  const back: Markup | null =
    more.backTo === undefined ? null : html`<p><a href="${more.backTo}">Try again</a></p>`;
  return {
    status,
    title: `${heading} · Toolcrib`,
    content: html`<h1>${heading}</h1>
      <p role="alert">${text}</p>
      ${back}`,
    ...(more.headers ? { headers: more.headers } : {}),
  };
}
