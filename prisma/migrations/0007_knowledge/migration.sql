-- Knowledge: articles in versions, found by their words, and what they were used for.

CREATE TABLE "articles" (
  "id" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "title" TEXT NOT NULL,
  "body" TEXT NOT NULL,
  "categories" TEXT[] NOT NULL,
  "services" TEXT[] NOT NULL,
  "audience" TEXT NOT NULL,
  "language" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "external_url" TEXT,
  "created_by" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "current" BOOLEAN NOT NULL,
  CONSTRAINT "articles_pkey" PRIMARY KEY ("id", "version"),
  CONSTRAINT "articles_audience_check" CHECK (audience IN ('agent', 'customer')),
  CONSTRAINT "articles_state_check" CHECK (state IN ('draft', 'published', 'retired')),
  CONSTRAINT "articles_says_something" CHECK (body <> '' OR external_url IS NOT NULL)
);
CREATE UNIQUE INDEX "articles_current_key" ON "articles"("id") WHERE current;

-- How words of a language are stemmed, by its first subtag (BCP 47). Constants, so that the same language always
-- means the same; `simple` only folds case. Estonian is missing: PostgreSQL has it from 18 on.
CREATE FUNCTION tierline_text_configuration(p_language TEXT) RETURNS regconfig LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE split_part(lower(p_language), '-', 1)
    WHEN 'ar' THEN 'pg_catalog.arabic'::regconfig
    WHEN 'ca' THEN 'pg_catalog.catalan'::regconfig
    WHEN 'da' THEN 'pg_catalog.danish'::regconfig
    WHEN 'de' THEN 'pg_catalog.german'::regconfig
    WHEN 'el' THEN 'pg_catalog.greek'::regconfig
    WHEN 'en' THEN 'pg_catalog.english'::regconfig
    WHEN 'es' THEN 'pg_catalog.spanish'::regconfig
    WHEN 'fi' THEN 'pg_catalog.finnish'::regconfig
    WHEN 'fr' THEN 'pg_catalog.french'::regconfig
    WHEN 'ga' THEN 'pg_catalog.irish'::regconfig
    WHEN 'hi' THEN 'pg_catalog.hindi'::regconfig
    WHEN 'hu' THEN 'pg_catalog.hungarian'::regconfig
    WHEN 'id' THEN 'pg_catalog.indonesian'::regconfig
    WHEN 'it' THEN 'pg_catalog.italian'::regconfig
    WHEN 'lt' THEN 'pg_catalog.lithuanian'::regconfig
    WHEN 'nb' THEN 'pg_catalog.norwegian'::regconfig
    WHEN 'nn' THEN 'pg_catalog.norwegian'::regconfig
    WHEN 'no' THEN 'pg_catalog.norwegian'::regconfig
    WHEN 'nl' THEN 'pg_catalog.dutch'::regconfig
    WHEN 'pt' THEN 'pg_catalog.portuguese'::regconfig
    WHEN 'ro' THEN 'pg_catalog.romanian'::regconfig
    WHEN 'ru' THEN 'pg_catalog.russian'::regconfig
    WHEN 'sr' THEN 'pg_catalog.serbian'::regconfig
    WHEN 'sv' THEN 'pg_catalog.swedish'::regconfig
    WHEN 'tr' THEN 'pg_catalog.turkish'::regconfig
    ELSE 'pg_catalog.simple'::regconfig
  END
$$;

-- A word in the title weighs two and a half times as much as one in the body (ts_rank_cd: A 1.0, B 0.4).
ALTER TABLE "articles" ADD COLUMN "search" tsvector GENERATED ALWAYS AS (
  setweight(to_tsvector(tierline_text_configuration(language), title), 'A') ||
  setweight(to_tsvector(tierline_text_configuration(language), body), 'B')) STORED;

-- What is found is what is published now.
CREATE INDEX "articles_search_idx" ON "articles" USING gin ("search") WHERE current AND state = 'published';
CREATE INDEX "articles_categories_idx" ON "articles" USING gin ("categories") WHERE current AND state = 'published';
CREATE INDEX "articles_services_idx" ON "articles" USING gin ("services") WHERE current AND state = 'published';
CREATE INDEX "articles_created_at_id_idx" ON "articles"("created_at" DESC, "id") WHERE current;
CREATE INDEX "articles_external_url_idx" ON "articles"("external_url") WHERE current;

-- What an article was used for: told by the ledger, each once. Reports read it.
CREATE TABLE "article_uses" (
  "article" TEXT NOT NULL,
  "ticket_id" TEXT NOT NULL,
  "how" TEXT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "article_uses_pkey" PRIMARY KEY ("article", "ticket_id", "how"),
  CONSTRAINT "article_uses_how_check" CHECK (how IN ('offered', 'consulted', 'solved'))
);
CREATE INDEX "article_uses_ticket_id_idx" ON "article_uses"("ticket_id");
CREATE INDEX "article_uses_how_at_idx" ON "article_uses"("how", "at");

-- A version is never changed: all that may happen to it is that another takes its place. What is generated is not
-- known yet when this is asked.
CREATE FUNCTION tierline_keep_article() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.current AND NOT NEW.current
     AND to_jsonb(NEW) - ARRAY['current', 'search'] = to_jsonb(OLD) - ARRAY['current', 'search'] THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'version % of article % cannot be changed: % refused', OLD.version, OLD.id, TG_OP
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER articles_are_kept BEFORE UPDATE OR DELETE ON "articles"
  FOR EACH ROW EXECUTE FUNCTION tierline_keep_article();
CREATE TRIGGER articles_are_not_truncated BEFORE TRUNCATE ON "articles"
  FOR EACH STATEMENT EXECUTE FUNCTION tierline_refuse_change();

-- Stores the next version of an article; what p_article leaves out stays as it is. Null where there is none and
-- p_new is false. p_if_version: only if that is the current one.
--   {"version"}: the version that says so now, new or, where nothing changes, as it was
--   {"stale": the current version}: nothing was stored
CREATE FUNCTION tierline_save_article(p_article JSONB, p_new BOOLEAN, p_if_version INTEGER)
RETURNS JSONB LANGUAGE plpgsql AS $$
DECLARE
  v_id TEXT := p_article ->> 'id';
  v_old "articles";
  v_new "articles";
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(v_id, 7));
  SELECT * INTO v_old FROM "articles" WHERE id = v_id AND current;
  IF v_old.id IS NULL AND NOT p_new THEN RETURN NULL; END IF;
  IF v_old.id IS NOT NULL AND p_if_version <> v_old.version THEN
    RETURN jsonb_build_object('stale', v_old.version);
  END IF;

  v_new := jsonb_populate_record(v_old, p_article - 'search');
  v_new.version := coalesce(v_old.version, 0) + 1;
  IF v_old.id IS NOT NULL
     AND (v_new.title, v_new.body, v_new.categories, v_new.services, v_new.audience, v_new.language, v_new.state,
          v_new.external_url)
         IS NOT DISTINCT FROM
         (v_old.title, v_old.body, v_old.categories, v_old.services, v_old.audience, v_old.language, v_old.state,
          v_old.external_url) THEN
    RETURN jsonb_build_object('version', v_old.version);
  END IF;

  UPDATE "articles" SET current = false WHERE id = v_id AND current;
  INSERT INTO "articles" (id, version, title, body, categories, services, audience, language, state, external_url,
                          created_by, created_at, current)
  VALUES (v_id, v_new.version, v_new.title, v_new.body, v_new.categories, v_new.services, v_new.audience,
          v_new.language, v_new.state, v_new.external_url, v_new.created_by, clock_timestamp(), true);
  RETURN jsonb_build_object('version', v_new.version);
END $$;

-- How many published articles of a language have a word; under the word '' how many there are.
CREATE TABLE "article_words" (
  "language" TEXT NOT NULL,
  "lexeme" TEXT NOT NULL,
  "articles" INTEGER NOT NULL,
  CONSTRAINT "article_words_pkey" PRIMARY KEY ("language", "lexeme")
);

-- Counts the words of what was published or is not any more. One writer at a time: two that touch the same words in
-- another order would wait for each other for ever.
CREATE FUNCTION tierline_count_article_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7, 7);
  INSERT INTO "article_words" AS w (language, lexeme, articles)
  SELECT c.language, l.lexeme, CASE TG_OP WHEN 'INSERT' THEN count(*) ELSE -count(*) END
  FROM changed c, LATERAL (SELECT '' AS lexeme UNION ALL SELECT unnest(tsvector_to_array(c.search))) l
  -- What is inserted is current; what is updated ceases to be.
  WHERE c.state = 'published' AND (c.current OR TG_OP = 'UPDATE')
  GROUP BY c.language, l.lexeme
  ON CONFLICT (language, lexeme) DO UPDATE SET articles = w.articles + excluded.articles;
  RETURN NULL;
END $$;
CREATE TRIGGER articles_are_counted AFTER INSERT ON "articles" REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION tierline_count_article_words();
CREATE TRIGGER articles_are_discounted AFTER UPDATE ON "articles" REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION tierline_count_article_words();

-- The languages in which anything is published.
CREATE FUNCTION tierline_article_languages() RETURNS SETOF TEXT LANGUAGE sql STABLE AS $$
  SELECT language FROM "article_words" WHERE lexeme = '' AND articles > 0
$$;

-- A lexeme as it stands in a tsvector, as a query for it: quoted, so that no character of it means anything.
CREATE FUNCTION tierline_lexeme_query(p_lexeme TEXT) RETURNS tsquery LANGUAGE sql IMMUTABLE AS $$
  SELECT ('''' || replace(replace(p_lexeme, '\', '\\'), '''', '''''') || '''')::tsquery
$$;

-- The words of a ticket that tell the most: of its first 60, the eight rarest of the subject and the eight rarest of
-- all, as long as they stand in no more than 2,000 articles together. What no article has tells nothing, nor does what
-- every tenth of the language has. A word weighs 1 if it stood in no article and 0 if in all (inverse document
-- frequency, as in BM25); one that only the description has, half of that.
CREATE FUNCTION tierline_telling_words(p_subject TEXT, p_description TEXT)
RETURNS TABLE (language TEXT, lexeme TEXT, weight DOUBLE PRECISION) LANGUAGE sql STABLE AS $$
  WITH languages AS (
    SELECT language, articles, sum(articles) OVER ()::float8 AS in_all FROM "article_words"
    WHERE lexeme = '' AND articles > 0),
  counted AS (
    SELECT l.language, w.lexeme, w.is_in_subject, k.articles, l.in_all,
           row_number() OVER (PARTITION BY l.language ORDER BY NOT w.is_in_subject, k.articles, w.lexeme) AS place,
           row_number() OVER (PARTITION BY l.language ORDER BY k.articles, w.lexeme) AS rarity
    FROM languages l
         CROSS JOIN LATERAL (
           SELECT v.lexeme, 'A' = ANY(v.weights) AS is_in_subject
           FROM unnest(setweight(to_tsvector(tierline_text_configuration(l.language), p_subject), 'A') ||
                       to_tsvector(tierline_text_configuration(l.language), p_description)) v
           ORDER BY v.positions[1] LIMIT 60) w
         JOIN "article_words" k ON k.language = l.language AND k.lexeme = w.lexeme
    WHERE k.articles BETWEEN 1 AND greatest(20, l.articles / 10)),
  chosen AS (
    SELECT c.*, sum(c.articles) OVER (PARTITION BY c.language ORDER BY c.articles, c.lexeme) AS together
    FROM counted c WHERE c.place <= 8 OR c.rarity <= 8)
  SELECT c.language, c.lexeme,
         ln(1 + (c.in_all - c.articles + 0.5) / (c.articles + 0.5)) / ln(1 + (c.in_all + 0.5) / 0.5)
           * CASE WHEN c.is_in_subject THEN 1.0 ELSE 0.5 END
  FROM chosen c WHERE c.together <= 2000 OR c.rarity = 1
$$;

-- Articles for a ticket. Each telling word adds its weight times r / (r + 1), where r is its ts_rank_cd: a word
-- counts more in the title, and again and again ever less. The category adds 0.3 and so does the service: both
-- together say less than two telling words.
CREATE FUNCTION tierline_suggest_articles(p_subject TEXT, p_description TEXT, p_category TEXT, p_service TEXT,
                                          p_limit INTEGER)
RETURNS TABLE (id TEXT, score DOUBLE PRECISION, words TEXT[], category_matches BOOLEAN, service_matches BOOLEAN)
LANGUAGE sql STABLE AS $$
  WITH words AS MATERIALIZED (
    SELECT language, lexeme, weight, tierline_lexeme_query(lexeme) AS query
    FROM tierline_telling_words(p_subject, p_description)),
  matched AS MATERIALIZED (
    SELECT f.id, w.lexeme, w.weight, f.rank
    FROM words w CROSS JOIN LATERAL (
      -- OFFSET 0: one look into the index for each word, whatever PostgreSQL believes there is of either.
      SELECT a.id, ts_rank_cd(a.search, w.query)::float8 AS rank FROM "articles" a
      WHERE a.current AND a.state = 'published' AND a.language = w.language AND a.search @@ w.query OFFSET 0) f),
  spoken AS (
    SELECT m.id, sum(m.weight * m.rank / (m.rank + 1)) AS worth,
           array_agg(m.lexeme ORDER BY m.weight * m.rank / (m.rank + 1) DESC, m.lexeme) AS words
    FROM matched m GROUP BY m.id),
  candidates AS (
    SELECT id FROM spoken
    UNION
    SELECT a.id FROM "articles" a
    WHERE a.current AND a.state = 'published'
      AND (a.categories @> ARRAY[p_category] OR a.services @> ARRAY[p_service]))
  SELECT a.id, coalesce(s.worth, 0) + CASE WHEN f.category THEN 0.3 ELSE 0 END + CASE WHEN f.service THEN 0.3 ELSE 0 END,
         coalesce(s.words, '{}'), f.category, f.service
  FROM candidates c JOIN "articles" a ON a.id = c.id AND a.current LEFT JOIN spoken s ON s.id = c.id
       CROSS JOIN LATERAL (SELECT coalesce(p_category = ANY(a.categories), false) AS category,
                                  coalesce(p_service = ANY(a.services), false) AS service) f
  ORDER BY 2 DESC, 1 LIMIT p_limit
$$;
