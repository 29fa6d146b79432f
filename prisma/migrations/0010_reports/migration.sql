-- What reports look up.

CREATE INDEX "tickets_resolved_at_idx" ON "tickets"("resolved_at");

-- Few events tell of what tiers have to do with each other; the rest of a ledger is not read for them.
CREATE INDEX "ledger_between_tiers_idx" ON "ledger"("ticket_id", "type")
  WHERE type IN ('handoffOffered', 'handedOff', 'consultAsked', 'consultAnswered', 'consultSuggested', 'joined');
