import { isPublicName } from '../../egress/index.ts';
import type { Egress } from '../../egress/index.ts';
import { Fault } from '../../kernel/index.ts';
import { oauthFault } from './oauth-fault.ts';

/**
 * Whether tokens and secrets may travel to an address: https, or plain http to what is not on the internet (this
 * machine, a private address, a name without a public ending). Says nothing about whether it may be reached.
 */
export function isSafeAddress(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && !isPublicName(url.hostname));
}

/** Refuses an address a server named, before anything is sent there. Throws Fault `upstream` code `oauth_unsafe`. */
export async function checkAddress(
  egress: Egress,
  what: string,
  address: string,
  localOrigin: string | null,
): Promise<void> {
  if (!isSafeAddress(address)) throw unsafeAddress(what);
  try {
    await egress.check(address, { localOrigin });
  } catch (error) {
    if (error instanceof Fault && error.kind === 'invalid') {
      throw oauthFault('oauth_unsafe', `${what}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

export const unsafeAddress = (what: string): Fault =>
  oauthFault('oauth_unsafe', `${what} is not a safe address: it must be https.`);
