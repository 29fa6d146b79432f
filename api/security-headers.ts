/** Headers for browsers: everything they load comes from here, and nobody frames it. */
import type { RequestHandler } from 'express';
import helmet from 'helmet';

const SELF = ["'self'"];

export function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: SELF,
        scriptSrc: SELF,
        // Swagger UI sets style attributes and draws its icons as data: images.
        styleSrc: [...SELF, "'unsafe-inline'"],
        imgSrc: [...SELF, 'data:'],
        objectSrc: ["'none'"],
        baseUri: SELF,
        formAction: SELF,
        frameAncestors: SELF,
      },
    },
    // Whether there is TLS, and for which names, is up to the proxy in front.
    strictTransportSecurity: false,
  });
}
