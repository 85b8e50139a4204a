"""The reviewer's page, made from released findings alone."""
