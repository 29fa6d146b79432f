/** For load balancers and supervisors: alive is one thing, able to serve another. */
import { Router } from 'express';
import type { ApiDeps } from './deps.ts';
import { methodNotAllowed, Problem, RETRY_LATER } from './problem.ts';

export function healthRouter({ checkReady }: Pick<ApiDeps, 'checkReady'>): Router {
  const router = Router();
  router.get('/livez', (_request, response) => void response.json({ status: 'ok' }));
  router.get('/readyz', async (_request, response) => {
    await checkReady().catch((error: Error) => {
      throw new Problem('engine_unavailable', error.message, { headers: RETRY_LATER });
    });
    response.json({ status: 'ok' });
  });
  router.all(['/livez', '/readyz'], methodNotAllowed(['get']));
  return router;
}
