import { z } from '@hono/zod-openapi';
import { deleteCredential, listCredentials, putCredential } from '../../../../connections/index.ts';
import { parseId } from '../../../../kernel/index.ts';
import { cursorList, cursorPage, cursorQuery, envelope, enveloped, listedByCursor } from '../../lists.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Route } from '../../route.ts';
import { ownContract as contract } from '../errors.ts';
import { writeCredential } from './codec.ts';
import { credentialSchema, putCredentialBody } from './schema.ts';

const facts = { contract, tag: 'Credentials', scope: 'credentials:write' } as const;

export const credentialRoutes: readonly Route[] = [
  route({
    ...facts,
    method: 'get',
    path: '/v1/credentials',
    summary: 'List credentials, newest first: whose and for what, never a value',
    query: z.object(cursorQuery()),
    status: 200,
    answer: listedByCursor(credentialSchema),
    handle: async (asked) => {
      const page = await listCredentials(asked.ctx, cursorPage(asked, 'credentials'));
      return cursorList(asked, 'credentials', page, writeCredential);
    },
  }),
  route({
    ...facts,
    method: 'put',
    path: '/v1/credentials',
    summary: 'Set what a connection signs in with for one owner; an older one is shredded',
    body: putCredentialBody,
    status: 200,
    answer: enveloped(credentialSchema),
    handle: async (asked) => {
      const { connection, owner, fields } = asked.body;
      const id = parseId(connection);
      const credential = await putCredential(asked.ctx, {
        connection: id ? { id } : { slug: connection },
        owner: { type: owner?.type ?? 'organization', id: owner?.id ?? null },
        fields,
      });
      return envelope(asked, writeCredential(credential));
    },
  }),
  route({
    ...facts,
    method: 'delete',
    path: '/v1/credentials/{id}',
    summary: 'Shred a credential',
    params: z.object({ id: idField<'credential'>() }),
    status: 204,
    answer: null,
    handle: async ({ ctx, params }) => deleteCredential(ctx, { id: params.id }),
  }),
];
