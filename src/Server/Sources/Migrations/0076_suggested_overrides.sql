-- What an adviser named and a sign-in confirmed: proposals, in the form of overrides, for the customer to take or leave.
ALTER TABLE sources ADD COLUMN suggested_overrides json;
