import { change, type Ctx } from '../access/index.ts';
import { notFound } from '../kernel/index.ts';
import { Plaintext, type Vault } from '../vault/index.ts';
import { newSigningSecret, previousSecretLife } from './signing-secret.ts';
import { findWebhook, updateWebhookRow } from './store.ts';
import { authorizeWebhooks, type Webhook } from './webhook.ts';

/**
 * A new signing secret, answered this once. The one before goes on signing beside it for a day, so that a receiver
 * can change over; one before that is shredded at once: two are valid, never three.
 */
export async function rotateWebhookSecret(
  ctx: Ctx & { vault: Vault },
  webhookId: string,
): Promise<{ webhook: Webhook; secret: string }> {
  const { principal } = ctx.caller;
  authorizeWebhooks(principal);
  const { organizationId } = principal;
  const secret = newSigningSecret();
  return change(ctx, 'webhook.secret_rotated', async (tx) => {
    const before = await findWebhook(tx, organizationId, webhookId, true);
    if (!before) throw notFound();
    const now = ctx.clock.now();
    const until = new Date(now.getTime() + previousSecretLife);
    const webhook = await updateWebhookRow(tx, organizationId, webhookId, {
      secret_id: await ctx.vault.keep(tx, organizationId, new Plaintext(secret)),
      previous_secret_id: before.secretId,
      previous_until: until,
      updated_at: now,
    });
    if (before.previous) await ctx.vault.discard(tx, organizationId, [before.previous.secretId]);
    return {
      result: { webhook, secret },
      target: { type: 'webhook', id: webhookId },
      changes: { previous_valid_until: until.toISOString() },
    };
  });
}
