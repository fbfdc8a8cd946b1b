import type { Json } from '../kernel/index.ts';
import { carryValue, textOfValue, type FieldStep } from './carry.ts';
import { partsOf } from './confirmation.ts';
import type { Condition, Confirmation } from './curation.ts';
import { parseResponsePath, type Step } from './response-path.ts';

/**
 * When calls ask, for the fields' new names and values. Conditions that cannot be said in them would ask less than
 * before: the tool then asks always.
 */
export function carryConfirmation(
  confirmation: Confirmation | null,
  steps: readonly FieldStep[],
): Confirmation | null {
  if (confirmation === null || typeof confirmation === 'boolean') return confirmation;
  const { conditions, every } = partsOf(confirmation);
  const carried: Condition[] = [];
  for (const condition of conditions) {
    const moved = steps.reduce<Condition | null>((one, step) => one && carryCondition(one, step), condition);
    if (moved === null) return true;
    carried.push(moved);
  }
  return every ? { all: carried } : { any: carried };
}

/** Null: the same cannot be said of the fields as they are after the step. */
function carryCondition(condition: Condition, step: FieldStep): Condition | null {
  const parsed = parseResponsePath(condition.path);
  if (!parsed.ok) return condition;
  const [first, ...rest] = parsed.steps;
  if (typeof first !== 'string') return condition;
  const field = step.renames.get(first) ?? first;
  // Another field has its name now.
  if (field === first && !step.renames.has(first) && [...step.renames.values()].includes(first)) return null;
  const path = field === first ? condition.path : writePath([field, ...rest]);
  // Only a condition on the field's own values, or on those in a list, speaks of what was mapped.
  const isOwn = rest.every((one) => typeof one !== 'string');
  if (!isOwn || condition.op === 'present') return { ...condition, path };
  const value = carryCompared(condition, field, step);
  return value === undefined ? null : { ...condition, path, value };
}

/** What a condition compares with after the step; undefined: it would ask less than before. */
function carryCompared(
  { op, value = null }: Condition,
  field: string,
  { values, joined, parted }: FieldStep,
): Json | undefined {
  const map = values.get(field);
  const isMapped = (map?.size ?? 0) > 0 || (parted?.get(field)?.size ?? 0) > 0;
  if (!isMapped) return value;
  if (op !== 'eq' && op !== 'ne' && op !== 'in') return undefined;
  const carried = carryValue(value, map);
  const isUnclear = op === 'ne' ? saysAny(carried, joined?.get(field)) : saysAny(value, parted?.get(field));
  return isUnclear ? undefined : carried;
}

function saysAny(value: Json, texts: ReadonlySet<string> | undefined): boolean {
  if (!texts || texts.size === 0) return false;
  if (Array.isArray(value)) return value.some((one: Json) => saysAny(one, texts));
  const text = textOfValue(value);
  return text !== null && texts.has(text);
}

const writePath = (steps: readonly Step[]): string =>
  steps
    .map((step, index) => {
      if (typeof step !== 'string') return `[${step ?? ''}]`;
      if (!/^[^.[\]"*\s][^.[\]"*]*$/.test(step)) return `[${JSON.stringify(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
