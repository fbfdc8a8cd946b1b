import { assertLiveKey, change } from '../access/index.ts';
import { readAddress } from '../connections/index.ts';
import type { EventType } from '../journal/index.ts';
import { Fault, newId } from '../kernel/index.ts';
import { Plaintext } from '../vault/index.ts';
import { newSigningSecret } from './signing-secret.ts';
import { countWebhooks, insertWebhook } from './store.ts';
import { authorizeWebhooks, shownUrl, type NoticesCtx, type Webhook } from './webhook.ts';

/** Webhooks of one organization: each holds a place in the queue that all share. */
const mostWebhooks = 20;

/**
 * An address that is told of events from now on. Answers the signing secret, this once. Fault `invalid` at `url` for
 * an address that may not be reached, `conflict` code `webhook_limit` when there are enough.
 */
export async function createWebhook(
  ctx: NoticesCtx,
  input: { url: string; events: readonly EventType[]; description: string },
): Promise<{ webhook: Webhook; secret: string }> {
  const { principal } = ctx.caller;
  authorizeWebhooks(principal);
  const { organizationId } = principal;
  const { address, query } = readAddress(input.url, ['url']);
  await ctx.egress.check(address, { path: ['url'] });
  const secret = newSigningSecret();
  const queryNames = Object.keys(query);
  return change(ctx, 'webhook.created', async (tx) => {
    if ((await countWebhooks(tx, organizationId)) >= mostWebhooks) throw tooMany();
    // Looking up the address took its time, and a webhook outlives the key that made it.
    await assertLiveKey(tx, principal);
    const now = ctx.clock.now();
    const webhook = await insertWebhook(tx, {
      organization_id: organizationId,
      webhook_id: newId(),
      address,
      query_names: queryNames,
      sealed_secret_id:
        queryNames.length > 0
          ? await ctx.vault.keep(tx, organizationId, new Plaintext(JSON.stringify({ query })))
          : null,
      description: input.description,
      events: [...new Set(input.events)],
      is_active: true,
      disabled_reason: null,
      disabled_at: null,
      secret_id: await ctx.vault.keep(tx, organizationId, new Plaintext(secret)),
      previous_secret_id: null,
      previous_until: null,
      created_at: now,
      updated_at: now,
    });
    return {
      result: { webhook, secret },
      target: { type: 'webhook', id: webhook.id },
      changes: { url: shownUrl(webhook), events: webhook.events, description: webhook.description },
    };
  });
}

const tooMany = (): Fault =>
  new Fault('conflict', `An organization has ${mostWebhooks} webhooks at most. Remove one first.`, {
    code: 'webhook_limit',
  });
