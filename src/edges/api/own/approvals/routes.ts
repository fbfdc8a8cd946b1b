import { z } from '@hono/zod-openapi';
import { decideApproval, getApproval, listApprovals } from '../../../../approvals/index.ts';
import { cursorList, cursorPage, cursorQuery, envelope, enveloped, listedByCursor } from '../../lists.ts';
import { route, type Route } from '../../route.ts';
import { ownContract as contract } from '../errors.ts';
import { writeApproval } from './codec.ts';
import { approvalFilter, approvalParams as params, approvalSchema, approveBody, denyBody } from './schema.ts';

const facts = { contract, tag: 'Approvals', scope: 'approvals:decide' } as const;

export const approvalRoutes: readonly Route[] = [
  route({
    ...facts,
    method: 'get',
    path: '/v1/approvals',
    summary: 'List calls that wait for a person’s yes, newest first',
    query: z.object({ ...cursorQuery(), ...approvalFilter }),
    status: 200,
    answer: listedByCursor(approvalSchema),
    handle: async (asked) => {
      const { status = 'pending' } = asked.query;
      const page = cursorPage(asked, 'approvals');
      const listed = await listApprovals(asked.ctx, status === 'all' ? null : status, page);
      return cursorList(asked, 'approvals', listed, writeApproval);
    },
  }),
  route({
    ...facts,
    method: 'get',
    path: '/v1/approvals/{id}',
    summary: 'Read what a call asks for, and what was decided',
    params,
    status: 200,
    answer: enveloped(approvalSchema),
    handle: async (asked) => envelope(asked, writeApproval(await getApproval(asked.ctx, asked.params.id))),
  }),
  route({
    ...facts,
    method: 'post',
    path: '/v1/approvals/{id}/approve',
    summary: 'Say yes: the caller calls again with the same arguments, and it runs',
    description:
      'Whoever asked cannot decide, and no key that it made: 403. What was decided or has run out: 409.',
    params,
    body: approveBody,
    bodyOptional: true,
    status: 200,
    answer: enveloped(approvalSchema),
    handle: async (asked) => {
      const { ctx, params, body } = asked;
      const verdict = { approved: true, memo: body.memo ?? null, lasts: body.for ?? ('once' as const) };
      return envelope(asked, writeApproval(await decideApproval(ctx, params.id, verdict)));
    },
  }),
  route({
    ...facts,
    method: 'post',
    path: '/v1/approvals/{id}/deny',
    summary: 'Say no; the memo is told to the caller once, at its next identical call',
    params,
    body: denyBody,
    bodyOptional: true,
    status: 200,
    answer: enveloped(approvalSchema),
    handle: async (asked) => {
      const { ctx, params, body } = asked;
      const verdict = { approved: false, memo: body.memo ?? null, lasts: 'once' as const };
      return envelope(asked, writeApproval(await decideApproval(ctx, params.id, verdict)));
    },
  }),
];
