import type { z } from '@hono/zod-openapi';
import type { IssuedLink } from '../../../../connections/index.ts';
import type { UserLinkInput } from '../../../../packs/index.ts';
import type { linkTokenBody, linkTokenSchema } from './schema.ts';

export const readWish = (userId: string, body: z.output<typeof linkTokenBody>): UserLinkInput => ({
  userId,
  connectorSlug: body.connector,
  packId: body.tool_pack_id ?? null,
  callbackUrl: body.callback_url ?? null,
  state: body.state ?? null,
});

export const writeLink = ({ token, url }: IssuedLink): z.input<typeof linkTokenSchema> => {
  return { link_token: token, magic_link_url: url };
};
