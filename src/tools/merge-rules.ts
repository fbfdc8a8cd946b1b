import { bodyProblem, type Json, type JsonPath, type Problem } from '../kernel/index.ts';
import type { InputRule, InputRules, Origin } from './curation.ts';
import { hasValue } from './input-rules.ts';
import { getOwn, setOwn } from './own-property.ts';
import { sameJson } from './same-json.ts';

/** Who said each part of each field's rule. */
export type RuleOrigins = Readonly<Record<string, Partial<Record<keyof InputRule, Origin>>>>;
export type MergedRules = { rules: InputRules; origins: RuleOrigins; problems: readonly Problem[] };

const parts = ['mode', 'value', 'secret', 'enum', 'title', 'description'] as const;

/**
 * A pack's rules over a connection's. A pack may pin, hide, default, narrow further and relabel; it can
 * neither unpin nor unhide nor widen. What it asks beyond that is a problem (at `path`, field, part) and has
 * no effect: the connection's word stands.
 */
export function mergeRules(
  connectionRules: InputRules | null,
  packRules: InputRules | null,
  path: JsonPath = [],
): MergedRules {
  const rules: Record<string, InputRule> = {};
  const origins: Record<string, Partial<Record<keyof InputRule, Origin>>> = {};
  const problems: Problem[] = [];
  const fields = new Set([...Object.keys(connectionRules ?? {}), ...Object.keys(packRules ?? {})]);
  for (const field of fields) {
    const lower = getOwn(connectionRules ?? {}, field);
    const upper = getOwn(packRules ?? {}, field);
    const report = (type: string, part: string | null, message: string): void => {
      problems.push(bodyProblem(type, part ? [...path, field, part] : [...path, field], message));
    };
    const rule = lower && upper ? mergeRule(field, lower, upper, report) : { ...(lower ?? upper) };
    const from: Partial<Record<keyof InputRule, Origin>> = {};
    for (const part of parts) {
      if (rule[part] !== undefined) from[part] = lower && lower[part] === rule[part] ? 'connection' : 'pack';
    }
    setOwn(rules, field, rule);
    setOwn(origins, field, from);
  }
  return { rules, origins, problems };
}

type Report = (type: string, part: string | null, message: string) => void;

function mergeRule(field: string, lower: InputRule, upper: InputRule, report: Report): InputRule {
  const rule: InputRule = { ...lower };
  if (upper.title !== undefined) rule.title = upper.title;
  if (upper.description !== undefined) rule.description = upper.description;
  if (upper.enum) rule.enum = narrow(field, lower.enum, upper.enum, report);
  if (lower.mode === 'pinned' || lower.mode === 'hidden') keepFixed(field, lower, upper, rule, report);
  else if (upper.mode !== undefined) {
    rule.mode = upper.mode;
    if (hasValue(upper)) {
      delete rule.value;
      delete rule.secret;
      if (upper.value !== undefined) rule.value = upper.value;
      if (upper.secret !== undefined) rule.secret = upper.secret;
    }
  }
  return keepWithin(field, rule, upper, report);
}

/** A field the connection fixed stays fixed, with the connection's value; a pack may only hide it too. */
function keepFixed(field: string, lower: InputRule, upper: InputRule, rule: InputRule, report: Report): void {
  const word = lower.mode === 'pinned' ? 'pinned' : 'hidden';
  if (upper.mode === 'default') {
    report('value_error', 'mode', `"${field}" is ${word} by the connection; a pack cannot undo that.`);
  } else if (hasValue(upper) && !(lower.value !== undefined && sameJson(lower.value, upper.value))) {
    report(
      'value_error',
      'value',
      `"${field}" is ${word} by the connection; a pack cannot send another value.`,
    );
  }
  if (upper.mode === 'hidden') rule.mode = 'hidden';
}

function narrow(
  field: string,
  lower: readonly Json[] | undefined,
  upper: readonly Json[],
  report: Report,
): readonly Json[] {
  if (!lower) return upper;
  const both = upper.filter((value) => lower.some((allowed) => sameJson(allowed, value)));
  if (both.length < upper.length) {
    report('wrong_type', 'enum', `The enum of "${field}" may only be narrower than the connection's.`);
  }
  return both.length === lower.length ? lower : both;
}

/** A value outside the narrowed enum is not sent: a pack's own is a problem, a connection's default gives way. */
function keepWithin(field: string, rule: InputRule, upper: InputRule, report: Report): InputRule {
  if (!rule.enum || rule.value === undefined) return rule;
  if (rule.enum.some((allowed) => sameJson(allowed, rule.value))) return rule;
  if (upper.value !== undefined && rule.value === upper.value) {
    report('wrong_type', 'value', `The value for "${field}" is not one the field may have.`);
  } else if (rule.mode === 'pinned' || rule.mode === 'hidden') {
    if (upper.enum)
      report('wrong_type', 'enum', `The enum of "${field}" leaves out the value it is pinned to.`);
    const { enum: _enum, ...pinned } = rule;
    return pinned;
  }
  if (rule.mode !== 'default') return rule;
  const { mode: _mode, value: _value, ...rest } = rule;
  return rest;
}
