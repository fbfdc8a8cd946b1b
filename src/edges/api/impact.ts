import { z } from '@hono/zod-openapi';
import { measureImpact, type Impact } from '../../revisions/index.ts';
import { queryBoolean } from './read-request/index.ts';
import type { Asked } from './route.ts';

export const dryRunField = () =>
  queryBoolean().openapi({ description: 'Answers what the change would do, and changes nothing.' });

export const impactQuery = z.object({ dry_run: dryRunField() });

const changeClass = z.enum(['text', 'widening', 'breaking', 'permission']);

export const impactSchema = z
  .object({
    tools: z.array(
      z.object({
        slug: z.string(),
        class: z
          .enum([...changeClass.options, 'added', 'removed'])
          .nullable()
          .openapi({
            description:
              'Null: nothing that agents see of it differs, but what is sent, what asks or is counted, or what is left of a reply may.',
          }),
        diff: z.array(
          z.object({
            path: z.string().openapi({ description: 'JSON pointer into the tool as agents see it.' }),
            class: changeClass,
            before: z.unknown(),
            after: z.unknown(),
          }),
        ),
        stale_inputs: z.array(z.string()),
        stale_paths: z.array(z.string()),
      }),
    ),
    packs: z.array(z.object({ id: z.string(), slug: z.string() })),
    agents: z.array(z.object({ id: z.string(), handle: z.string() })),
    replayed: z
      .object({
        calls: z.int().openapi({ description: 'The last 7 days, at most 500 of a connection.' }),
        refused: z.int(),
        changed: z.int(),
        undecidable: z.int(),
        examples: z.array(
          z.object({
            call_id: z.string(),
            tool: z.string(),
            outcome: z.enum(['refused', 'changed']),
            reason: z.string(),
          }),
        ),
      })
      .openapi({ description: 'The last calls, tried on what would be, against what is.' }),
  })
  .openapi('Impact');

export function writeImpact({ tools, packs, agents, replayed }: Impact): z.input<typeof impactSchema> {
  return {
    tools: tools.map(({ slug, class: kind, diff, staleInputs, stalePaths }) => ({
      slug,
      class: kind,
      diff: diff.map(({ path, class: of, before = null, after = null }) => ({
        path,
        class: of,
        before,
        after,
      })),
      stale_inputs: [...staleInputs],
      stale_paths: [...stalePaths],
    })),
    packs: [...packs],
    agents: [...agents],
    replayed: {
      calls: replayed.calls,
      refused: replayed.refused,
      changed: replayed.changed,
      undecidable: replayed.undecidable,
      examples: replayed.examples.map(({ callId, tool, outcome, reason }) => ({
        call_id: callId,
        tool,
        outcome,
        reason,
      })),
    },
  };
}

/** What a change of the pack that is asked for would do. */
export const impactOnPack = async (
  { ctx, params }: Pick<Asked<{ id: string }>, 'ctx' | 'params'>,
  work: (ctx: Asked['ctx']) => Promise<unknown>,
): Promise<z.input<typeof impactSchema>> =>
  writeImpact(await measureImpact(ctx, { packId: params.id }, work));
