import type { z } from '@hono/zod-openapi';
import { invalid, type Problem } from '../../../../kernel/index.ts';
import type {
  PackDescriptionRow,
  PackDescriptionWish,
  PackInputsRow,
  PackInputsWish,
} from '../../../../packs/index.ts';
import { parseInputRules, type DescriptionOverride, type InputRule } from '../../../../tools/index.ts';
import type {
  descriptionOverrideSchema,
  descriptionsBody,
  inputOverrideSchema,
  inputsBody,
} from './schema.ts';

type DescriptionRow = z.input<typeof descriptionOverrideSchema>;
type InputsRow = z.input<typeof inputOverrideSchema>;

export function readDescriptions(body: z.output<typeof descriptionsBody>): readonly PackDescriptionWish[] {
  return body.map((row) => ({
    connectorSlug: row.connector_slug,
    toolName: row.tool_name,
    description: row.description,
  }));
}

/** Fault `invalid` with every problem of every item. */
export function readInputs(body: z.output<typeof inputsBody>): readonly PackInputsWish[] {
  const problems: Problem[] = [];
  const wishes = body.map((row, index): PackInputsWish => {
    const names = { connectorSlug: row.connector_slug, toolName: row.tool_name };
    if (row.inputs === null) return { ...names, rules: {}, cleared: [], clearAll: true };
    const { rules, cleared, problems: found } = parseInputRules(row.inputs, [index, 'inputs']);
    problems.push(...found);
    return { ...names, rules, cleared };
  });
  if (problems.length > 0) throw invalid(...problems);
  return wishes;
}

export function writeConnectorDescription(row: DescriptionOverride): DescriptionRow {
  const { connectorSlug, toolName, description } = row;
  return { connector_slug: connectorSlug, tool_name: toolName, description, defined_at: 'CONNECTOR' };
}

export function writePackDescription(row: PackDescriptionRow): DescriptionRow {
  const defined = row.definedBy === 'pack' ? 'TOOL_PACK' : 'CONNECTOR';
  return { ...writeConnectorDescription(row), defined_at: defined };
}

export function writeInputs(row: PackInputsRow): InputsRow {
  const rules = Object.entries(row.rules).map(([field, rule]) => [field, writeRule(rule)] as const);
  return {
    connector_slug: row.connectorSlug,
    tool_name: row.toolName,
    inputs: Object.fromEntries(rules),
  };
}

function writeRule({ secret, ...rule }: InputRule): InputsRow['inputs'][string] {
  const { enum: values, ...others } = rule;
  return {
    ...others,
    ...(values ? { enum: [...values] } : {}),
    ...(secret === undefined ? {} : { value: null, has_value: true }),
  };
}
