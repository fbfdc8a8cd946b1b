import type { Typed } from './command.ts';
import { misuse } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** How a connection signs in, as the API takes it. */
export type SignIn =
  | { type: 'bearer'; token: string }
  | { type: 'api_key'; api_key: string; header?: string }
  | { type: 'basic'; username: string; password: string }
  | { type: 'oauth'; client: { client_id: string; client_secret?: string } };

/** Reads --token, --api-key, --basic or --client-id; `-` takes the secret from standard input. Null where none is given. */
export async function readSignIn(terminal: Terminal, typed: Typed): Promise<SignIn | null> {
  const given = (['token', 'api-key', 'basic', 'client-id'] as const).filter(
    (option) => typed.text(option) !== undefined,
  );
  if (given.length > 1)
    throw misuse(`Give one of --token, --api-key, --basic and --client-id, not ${given.length}.`);
  const [option] = given;
  const header = typed.text('header');
  if (header !== undefined && option !== 'api-key') throw misuse('--header goes with --api-key.');
  const clientSecret = typed.text('client-secret');
  if (clientSecret !== undefined && option !== 'client-id')
    throw misuse('--client-secret goes with --client-id.');
  if (!option) return null;
  if (option === 'client-id') {
    const secret = clientSecret === '-' ? await terminal.readInput() : clientSecret;
    if (secret === '') throw misuse('--client-secret is empty.');
    return {
      type: 'oauth',
      client: { client_id: typed.text(option)!, ...(secret === undefined ? {} : { client_secret: secret }) },
    };
  }
  const typedValue = typed.text(option)!;
  const secret = typedValue === '-' ? await terminal.readInput() : typedValue;
  if (secret === '') throw misuse(`--${option} is empty.`);
  switch (option) {
    case 'token':
      return { type: 'bearer', token: secret };
    case 'api-key':
      return { type: 'api_key', api_key: secret, ...(header === undefined ? {} : { header }) };
    case 'basic': {
      const at = secret.indexOf(':');
      if (at < 1) throw misuse('Write --basic as user:password.');
      return { type: 'basic', username: secret.slice(0, at), password: secret.slice(at + 1) };
    }
  }
}
