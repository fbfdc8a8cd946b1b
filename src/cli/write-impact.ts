import type { WireImpact } from './wire.ts';
import { exact, plural, visible } from './write-text.ts';

/** What a change would do, for a person to decide on. */
export function impactLines({ tools, packs, agents, replayed }: WireImpact): string[] {
  const stale = (what: string, names: readonly string[]): string[] =>
    names.length > 0 ? [`  ${what}: ${exact(names.join(', '))}`] : [];
  return [
    ...tools.flatMap((tool) => [
      `${visible(tool.slug)}  ${tool.class ?? 'looks the same to agents'}`,
      ...stale('rules that would go stale', tool.stale_inputs),
      ...stale('mapped paths that would go', tool.stale_paths),
    ]),
    ...(packs.length > 0 ? [`packs: ${packs.map(({ slug }) => slug).join(', ')}`] : []),
    ...(agents.length > 0 ? [`agents: ${agents.map(({ handle }) => handle).join(', ')}`] : []),
    `Of the last ${plural(replayed.calls, 'call')} ${replayed.refused} would be refused, ${replayed.changed} would lose or change fields, ${replayed.undecidable} cannot be told.`,
    ...replayed.examples.map(
      ({ call_id: id, tool, outcome, reason }) => `  ${id}  ${visible(tool)}  ${outcome}: ${exact(reason)}`,
    ),
  ];
}
