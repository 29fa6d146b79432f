-- Personal API keys: whose one is, for agents the tier, until when it is good, and who made it (docs/access.md).

ALTER TABLE "api_keys"
  ADD COLUMN "person" TEXT,
  ADD COLUMN "tier" INTEGER,
  ADD COLUMN "expires_at" TIMESTAMPTZ(3),
  ADD COLUMN "created_by" JSONB,
  -- A front end speaks for many; who names a person is one.
  ADD CONSTRAINT "api_keys_person_check" CHECK ("person" IS NULL OR "role" <> 'integration'),
  ADD CONSTRAINT "api_keys_tier_check" CHECK ("tier" IS NULL OR "role" = 'agent');
CREATE INDEX "api_keys_person_idx" ON "api_keys" ("person");
