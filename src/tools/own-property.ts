/**
 * Sets an own property, whatever its name. Plain assignment to `__proto__` would change the prototype, and
 * field names come from services and agents.
 */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    (target as Record<string, unknown>)[key] = value;
  }
}

/** An own property or undefined: never something inherited, such as `constructor`. */
export function getOwn<Value>(source: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(source, key) ? source[key] : undefined;
}
