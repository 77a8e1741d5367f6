package sqlparse

// nativeBoth lists the functions that both flavours look up in a table.
func nativeBoth(name string) bool {
	switch name {
	case "abs", "acos", "addtime", "aes_decrypt", "aes_encrypt", "asin", "atan", "atan2", "benchmark", "bin",
		"bit_count", "bit_length", "ceil", "ceiling", "char_length", "character_length", "coercibility",
		"compress", "concat", "concat_ws", "connection_id", "conv", "convert_tz", "cos", "cot", "crc32",
		"date_format", "datediff", "dayname", "dayofmonth", "dayofweek", "dayofyear", "degrees", "elt",
		"exp", "export_set", "extractvalue", "field", "find_in_set", "floor", "found_rows", "from_base64",
		"from_days", "from_unixtime", "get_lock", "greatest", "hex", "ifnull", "inet6_aton", "inet6_ntoa",
		"inet_aton", "inet_ntoa", "instr", "is_free_lock", "is_ipv4", "is_ipv4_compat", "is_ipv4_mapped",
		"is_ipv6", "is_used_lock", "isnull", "json_array", "json_array_append", "json_array_insert",
		"json_contains", "json_contains_path", "json_depth", "json_extract", "json_insert", "json_keys",
		"json_length", "json_merge", "json_merge_patch", "json_merge_preserve", "json_object",
		"json_overlaps", "json_pretty", "json_quote", "json_remove", "json_replace", "json_search",
		"json_set", "json_type", "json_unquote", "json_valid", "last_day", "last_insert_id", "lcase",
		"least", "length", "ln", "load_file", "locate", "log", "log10", "log2", "lower", "lpad", "ltrim",
		"make_set", "makedate", "maketime", "master_pos_wait", "mbrcontains", "mbrdisjoint", "mbrequals",
		"mbrintersects", "mbroverlaps", "mbrtouches", "mbrwithin", "monthname", "name_const", "nullif",
		"oct", "octet_length", "ord", "period_add", "period_diff", "pi", "pow", "power", "quote", "radians",
		"rand", "random_bytes", "regexp_instr", "regexp_replace", "regexp_substr", "release_all_locks",
		"release_lock", "reverse", "round", "rpad", "rtrim", "sec_to_time", "sha2", "sign", "sin", "sleep",
		"soundex", "space", "sqrt", "st_area", "st_asbinary", "st_asgeojson", "st_astext", "st_aswkb",
		"st_aswkt", "st_buffer", "st_centroid", "st_contains", "st_convexhull", "st_crosses",
		"st_difference", "st_dimension", "st_disjoint", "st_distance", "st_distance_sphere", "st_endpoint",
		"st_envelope", "st_equals", "st_exteriorring", "st_geomcollfromtext", "st_geomcollfromwkb",
		"st_geometrycollectionfromtext", "st_geometrycollectionfromwkb", "st_geometryfromtext",
		"st_geometryfromwkb", "st_geometryn", "st_geometrytype", "st_geomfromgeojson", "st_geomfromtext",
		"st_geomfromwkb", "st_interiorringn", "st_intersection", "st_intersects", "st_isclosed",
		"st_isempty", "st_issimple", "st_length", "st_linefromtext", "st_linefromwkb",
		"st_linestringfromtext", "st_linestringfromwkb", "st_mlinefromtext", "st_mlinefromwkb",
		"st_mpointfromtext", "st_mpointfromwkb", "st_mpolyfromtext", "st_mpolyfromwkb",
		"st_multilinestringfromtext", "st_multilinestringfromwkb", "st_multipointfromtext",
		"st_multipointfromwkb", "st_multipolygonfromtext", "st_multipolygonfromwkb", "st_numgeometries",
		"st_numinteriorrings", "st_numpoints", "st_overlaps", "st_pointfromtext", "st_pointfromwkb",
		"st_pointn", "st_polyfromtext", "st_polyfromwkb", "st_polygonfromtext", "st_polygonfromwkb",
		"st_srid", "st_startpoint", "st_symdifference", "st_touches", "st_union", "st_within", "st_x",
		"st_y", "str_to_date", "strcmp", "substring_index", "subtime", "tan", "time_format", "time_to_sec", "timediff",
		"to_base64", "to_days", "to_seconds", "ucase", "uncompress", "uncompressed_length", "unhex",
		"unix_timestamp", "updatexml", "upper", "uuid", "uuid_short", "version", "weekday", "weekofyear",
		"yearweek":
		return true
	}
	return false
}
