import { z } from '@hono/zod-openapi';
import type { Json } from '../../kernel/index.ts';
import type { HeldChange } from '../../tools/index.ts';

const changeClass = z.enum(['text', 'widening', 'breaking', 'permission']);

/** What `accept` may be told that was looked at. */
export const digestsSchema = z.array(z.string().max(64)).max(10_000).nullish().openapi({
  description:
    'Digests of the held changes that were looked at: where what would be accepted is another by now, 409 and nothing is.',
});

/** Most differences that are shown of one tool, and longest value of one, as JSON. */
const mostDifferences = 200;
const longestValue = 4_096;

export const heldSchema = z
  .object({
    kind: z.enum(['added', 'changed', 'removed']),
    class: z.enum([...changeClass.options, 'added', 'removed']),
    diff: z
      .array(
        z.object({
          path: z.string().openapi({ description: 'JSON pointer into the tool.' }),
          class: changeClass,
          before: z.unknown(),
          after: z.unknown(),
        }),
      )
      .openapi({
        description: `The first ${mostDifferences}; of a value above ${longestValue} characters the beginning of its JSON, as text.`,
      }),
    stale_inputs: z.array(z.string()),
    stale_paths: z.array(z.string()),
    flags: z.array(z.string()).openapi({
      description: 'What stands out in its words: `instructions` to a model, `invisible_characters`.',
    }),
    since: z.string(),
    digest: z
      .string()
      .openapi({ description: 'Of what is held: `accept` takes it, so that it accepts this alone.' }),
  })
  .nullable()
  .openapi({ description: 'What the service says of it that nobody has accepted yet; null: nothing.' });

export function writeHeldChange(held: HeldChange | null): z.input<typeof heldSchema> {
  return (
    held && {
      kind: held.kind,
      class: held.class,
      diff: held.diff.slice(0, mostDifferences).map(({ path, class: kind, before, after }) => ({
        path,
        class: kind,
        before: shortened(before),
        after: shortened(after),
      })),
      stale_inputs: [...held.staleInputs],
      stale_paths: [...held.stalePaths],
      flags: [...held.flags],
      since: held.since.toISOString(),
      digest: held.digest,
    }
  );
}

function shortened(value: Json | undefined): Json {
  const json = JSON.stringify(value ?? null);
  return json.length > longestValue ? `${json.slice(0, longestValue - 1).toWellFormed()}…` : (value ?? null);
}
