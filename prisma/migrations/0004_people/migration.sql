-- Who works here: teams, agents, who is on call and who takes over; and the customers and services that tickets name.

CREATE TABLE "teams" (
  "name" TEXT NOT NULL,
  "tier" INTEGER NOT NULL,
  "assignment" TEXT NOT NULL DEFAULT 'pull',
  "calendar" TEXT,
  "capacity" INTEGER,
  "lead" TEXT,
  "manager" TEXT,
  "rate" NUMERIC(12, 4),
  "currency" TEXT,
  "active" BOOLEAN NOT NULL DEFAULT true,
  "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "teams_pkey" PRIMARY KEY ("name"),
  CONSTRAINT "teams_assignment_check" CHECK (assignment IN ('pull', 'roundRobin', 'leastLoaded', 'bySkill')),
  CONSTRAINT "teams_capacity_check" CHECK (capacity >= 1),
  -- A rate says nothing without its currency.
  CONSTRAINT "teams_rate_check" CHECK ((rate IS NULL) = (currency IS NULL) AND rate >= 0)
);

CREATE TABLE "agents" (
  "id" TEXT NOT NULL,
  "team" TEXT NOT NULL,
  "tier" INTEGER NOT NULL,
  "skills" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
  "capacity" INTEGER,
  "calendar" TEXT,
  "contact" JSONB,
  "active" BOOLEAN NOT NULL DEFAULT true,
  "absent_until" TIMESTAMPTZ(3),
  "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "agents_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "agents_capacity_check" CHECK (capacity >= 1),
  CONSTRAINT "agents_team_fkey" FOREIGN KEY ("team") REFERENCES "teams"("name")
);
CREATE INDEX "agents_team_active_idx" ON "agents"("team", "active");
CREATE INDEX "agents_tier_active_idx" ON "agents"("tier", "active");

ALTER TABLE "teams"
  ADD CONSTRAINT "teams_lead_fkey" FOREIGN KEY ("lead") REFERENCES "agents"("id"),
  ADD CONSTRAINT "teams_manager_fkey" FOREIGN KEY ("manager") REFERENCES "agents"("id");

CREATE TABLE "rotas" (
  "name" TEXT NOT NULL,
  "tier" INTEGER,
  "team" TEXT,
  "timezone" TEXT NOT NULL,
  "starts_at" TIMESTAMPTZ(3) NOT NULL,
  "rotation_ms" BIGINT NOT NULL,
  "members" TEXT[] NOT NULL,
  "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "rotas_pkey" PRIMARY KEY ("name"),
  CONSTRAINT "rotas_members_check" CHECK (cardinality(members) >= 1),
  CONSTRAINT "rotas_rotation_ms_check" CHECK (rotation_ms >= 3600000),
  CONSTRAINT "rotas_for_one_check" CHECK (tier IS NULL OR team IS NULL),
  CONSTRAINT "rotas_team_fkey" FOREIGN KEY ("team") REFERENCES "teams"("name")
);
-- One page goes to one person: a team has one rota, and so has a tier.
CREATE UNIQUE INDEX "rotas_team_key" ON "rotas"("team");
CREATE UNIQUE INDEX "rotas_tier_key" ON "rotas"("tier");

-- Ranges of words let an exclusion constraint compare rotas for equality without an extension.
CREATE TYPE tierline_words AS RANGE (subtype = text, collation = "C");

CREATE TABLE "rota_overrides" (
  "id" TEXT NOT NULL,
  "rota" TEXT NOT NULL,
  "agent" TEXT NOT NULL,
  "from_at" TIMESTAMPTZ(3) NOT NULL,
  "to_at" TIMESTAMPTZ(3) NOT NULL,
  "reason" TEXT,
  "created_by" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "rota_overrides_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "rota_overrides_rota_fkey" FOREIGN KEY ("rota") REFERENCES "rotas"("name"),
  CONSTRAINT "rota_overrides_agent_fkey" FOREIGN KEY ("agent") REFERENCES "agents"("id"),
  CONSTRAINT "rota_overrides_order_check" CHECK (from_at < to_at),
  CONSTRAINT "rota_overrides_overlap_excl"
    EXCLUDE USING gist (tierline_words(rota, rota, '[]') WITH &&, tstzrange(from_at, to_at) WITH &&)
);
CREATE INDEX "rota_overrides_rota_from_at_idx" ON "rota_overrides"("rota", "from_at");

CREATE TABLE "customers" (
  "name" TEXT NOT NULL,
  "timezone" TEXT,
  "language" TEXT,
  "contact" JSONB,
  "updates" JSONB,
  "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "customers_pkey" PRIMARY KEY ("name")
);

CREATE TABLE "services" (
  "name" TEXT NOT NULL,
  "team" TEXT,
  "owner" TEXT,
  "criticality" TEXT,
  "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "services_pkey" PRIMARY KEY ("name"),
  CONSTRAINT "services_team_fkey" FOREIGN KEY ("team") REFERENCES "teams"("name"),
  CONSTRAINT "services_owner_fkey" FOREIGN KEY ("owner") REFERENCES "agents"("id")
);

-- Takes a team out of service: 'done', 'unknown', or 'occupied' while active agents are in it.
CREATE FUNCTION tierline_deactivate_team(p_name TEXT) RETURNS TEXT LANGUAGE plpgsql AS $$
BEGIN
  -- Waits for agents that are just being put into it; whoever comes after finds it inactive.
  PERFORM FROM "teams" WHERE name = p_name FOR UPDATE;
  IF NOT FOUND THEN RETURN 'unknown'; END IF;
  IF EXISTS (SELECT FROM "agents" WHERE team = p_name AND active) THEN RETURN 'occupied'; END IF;
  UPDATE "teams" SET active = false, updated_at = clock_timestamp() WHERE name = p_name AND active;
  RETURN 'done';
END $$;
