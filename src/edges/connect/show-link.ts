import { linkAddress } from './address.ts';
import { isVisit } from './browser.ts';
import { cookiesPage, lookingPage, openingPage } from './pages/plain-pages.ts';
import { linkPage, nothingTold } from './pages/link-page.ts';
import { resultPage } from './pages/result-page.ts';
import { sendPage } from './send.ts';
import { Fault } from '../../kernel/index.ts';
import type { LinkView } from '../../connections/index.ts';
import type { Parts, Visit } from './visit.ts';

/**
 * GET /connect/{token}. A link is bound to a browser when that has sent our cookie back, so the first visit is
 * answered with the cookie and the way to the second: what only looks at links (previews, HEAD, loading ahead)
 * binds none and learns nothing, not even whether there is one.
 */
export async function showLink(parts: Parts, visit: Visit, token: string): Promise<void> {
  const { request, response, entered } = visit;
  const address = linkAddress(token);
  if (!isVisit(request)) return sendPage(response, lookingPage, [], request.method === 'HEAD');
  const browser = parts.cookies.browser(request);
  if (browser === null) {
    if (entered.query.has('opened')) return sendPage(response, cookiesPage(address), []);
    return sendPage(response, openingPage(`${address}?opened`), [parts.cookies.newBrowser().setCookie]);
  }
  const result = parts.seal.read(parts.cookies.result(request), token, browser);
  if (result?.kind === 'done') return sendPage(response, resultPage(result), []);
  const view = await openOrNull(parts, token, browser);
  if (view === null) {
    if (result) return sendPage(response, resultPage(result), []);
    throw new Fault('not_found', 'Not found.');
  }
  const told = result ? { ...nothingTold, notice: result.reason, backTo: result.redirectTo } : nothingTold;
  const page = linkPage(view, address, parts.clock.now(), told);
  sendPage(response, page, result ? [parts.cookies.clearResult] : []);
}

async function openOrNull(parts: Parts, token: string, browser: string): Promise<LinkView | null> {
  try {
    return await parts.flow.open(token, browser);
  } catch (error) {
    if (error instanceof Fault && error.kind === 'not_found') return null;
    throw error;
  }
}
