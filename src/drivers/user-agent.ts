export const productVersion = '0.1';
export const userAgent = `toolcrib/${productVersion}`;
