/** Which methods a path has: for 405 with `Allow` where the path is known, 404 where it is not. */
export function methodTable(
  routes: readonly { method: string; path: string }[],
): (path: string) => readonly string[] {
  const patterns = routes.map(({ method, path }) => {
    const literal = path.replace(/(.)\/$/, '$1').replace(/[.*+?^$()|[\]\\]/g, '\\$&');
    return { method: method.toUpperCase(), pattern: new RegExp(`^${literal.replace(/\{\w+\}/g, '[^/]+')}$`) };
  });
  return (path) => [
    ...new Set(patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)),
  ];
}
