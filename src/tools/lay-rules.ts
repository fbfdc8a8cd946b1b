import type { InputRule, InputRules } from './curation.ts';
import { getOwn, setOwn } from './own-property.ts';

/**
 * Rules over the defaults beneath them, field by field: a rule that says a mode wins; one that only narrows or
 * relabels keeps the default beneath it.
 */
export function layRules(rules: InputRules | null, defaults: InputRules | null): InputRules | null {
  if (!defaults || Object.keys(defaults).length === 0) return rules;
  const laid: Record<string, InputRule> = {};
  for (const [field, beneath] of Object.entries(defaults)) setOwn(laid, field, beneath);
  for (const [field, rule] of Object.entries(rules ?? {})) {
    const beneath = getOwn(laid, field);
    setOwn(laid, field, beneath && rule.mode === undefined ? { ...beneath, ...rule } : rule);
  }
  return laid;
}
