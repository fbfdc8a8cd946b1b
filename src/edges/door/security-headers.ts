/**
 * On every response, whatever room answers it. A page sets its own Content-Security-Policy over this one,
 * which lets nothing be loaded, run or framed.
 */
export function securityHeaders(publicUrl: URL): readonly (readonly [string, string])[] {
  return [
    ['X-Content-Type-Options', 'nosniff'],
    ['X-Frame-Options', 'DENY'],
    ['Referrer-Policy', 'no-referrer'],
    [
      'Content-Security-Policy',
      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ['Cross-Origin-Resource-Policy', 'same-origin'],
    ['Cache-Control', 'no-store'],
    ...(publicUrl.protocol === 'https:'
      ? ([['Strict-Transport-Security', 'max-age=31536000']] as const)
      : []),
  ];
}
